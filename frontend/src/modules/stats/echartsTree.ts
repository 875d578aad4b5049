/** What treemaps need beside the core. A chunk of its own. */
import { TreemapChart } from 'echarts/charts'
import { TooltipComponent } from 'echarts/components'
import { use } from 'echarts/core'

use([TreemapChart, TooltipComponent])

export default true
